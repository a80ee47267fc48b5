// What this entry of @patchbay/sdk declares, without comments. Written by `npm run gen`; see ../CHANGES.md.
// valibot 1.5.0

// conformance/panel.d.ts
import type { HostPaths } from "../services.ts";
export interface ApiAnswer {
    readonly status: number;
    readonly code: string | undefined;
    readonly data: unknown;
    readonly text: string;
}
export interface RunningDaemon {
    readonly name: string;
    readonly pid: number;
}
export interface FillableDisk {
    fill(exceptBytes: number): void;
    free(): void;
}
export interface PanelUnderTest {
    call(method: "GET" | "POST" | "DELETE", path: string, input?: Readonly<Record<string, unknown>>): Promise<ApiAnswer>;
    readonly http: {
        readonly address: string;
        readonly port: number;
    };
    readonly https: {
        readonly address: string;
        readonly port: number;
    };
    readonly dns: {
        readonly address: string;
        readonly port: number;
    };
    readonly paths: Pick<HostPaths, "etc" | "log" | "run" | "homes">;
    writeFile(home: string, path: string, content: string | Buffer): void;
    link(home: string, path: string, target: string): void;
    daemons(): readonly RunningDaemon[];
    applies(): Promise<number>;
    readonly disk?: FillableDisk;
    stop(): Promise<void>;
}
export interface TestMachine {
    readonly separateUsers: boolean;
    readonly smallDisk: boolean;
}

// conformance/site-request.d.ts
import { Agent, type IncomingHttpHeaders } from "node:http";
export interface SiteRequest {
    readonly host: string;
    readonly path?: string;
    readonly method?: "GET" | "HEAD" | "POST";
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
}
export interface SiteAnswer {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly text: string;
    readonly bytes: number;
}
export interface Address {
    readonly address: string;
    readonly port: number;
}
export interface AskOptions {
    readonly agent?: Agent;
    readonly pause?: () => Promise<unknown>;
}
export declare function askSite(at: Address, wanted: SiteRequest, options?: AskOptions): Promise<SiteAnswer>;
export declare class KeptConnection {
    #private;
    constructor(at: Address);
    ask(wanted: SiteRequest): Promise<SiteAnswer>;
    close(): void;
}
export declare class Watch {
    #private;
    readonly failures: SiteAnswer[];
    asked: number;
    constructor(ask: () => Promise<SiteAnswer>, isGood: (answer: SiteAnswer) => boolean, perSecond?: number);
    stop(): Promise<void>;
}

// testing/conformance-panel.d.ts
import type { PanelUnderTest, TestMachine } from "../conformance/panel.ts";
import { type PanelOptions } from "./start-panel.ts";
export declare const testMachine: TestMachine;
export declare function conformancePanel(options?: Omit<PanelOptions, "data">): Promise<PanelUnderTest>;

// testing/ended.d.ts
export interface Ended {
    readonly code: number | string;
    readonly stdout: string;
    readonly stderr: string;
}

// testing/index.d.ts
export type { ApiAnswer, PanelUnderTest, TestMachine } from "../conformance/panel.ts";
export type { SiteAnswer } from "../conformance/site-request.ts";
export { conformancePanel, testMachine } from "./conformance-panel.ts";
export type { Ended } from "./ended.ts";
export { type Caller, type CallInput, type CallMethod, type PanelOptions, startPanel, type TestPanel, } from "./start-panel.ts";

// testing/start-panel.d.ts
import type { ApiAnswer } from "../conformance/panel.ts";
import { type SiteAnswer } from "../conformance/site-request.ts";
import type { Ended } from "./ended.ts";
export interface PanelOptions {
    readonly plugins?: readonly string[];
    readonly enable?: boolean;
    readonly env?: Readonly<Record<string, string>>;
    readonly flags?: readonly string[];
    readonly kernel?: string;
    readonly data?: string;
}
export type CallMethod = "GET" | "POST" | "DELETE";
export type CallInput = Readonly<Record<string, unknown>>;
export interface Caller {
    call(method: CallMethod, path: string, input?: CallInput): Promise<ApiAnswer>;
}
export interface TestPanel extends Caller {
    readonly data: string;
    readonly servicesPort: number;
    readonly plugins: readonly string[];
    readonly output: string;
    login(username: string, password: string): Promise<Caller>;
    site(host: string, path?: string): Promise<SiteAnswer>;
    cli(...words: readonly string[]): Promise<Ended>;
    stop(): Promise<void>;
}
export declare function startPanel(options?: PanelOptions): Promise<TestPanel>;
