// What this entry of @patchbay/sdk declares, without comments. Written by `npm run gen`; see ../CHANGES.md.
// valibot 1.5.0

// conformance/certificate-samples.d.ts
export interface UploadedPair {
    readonly certificate: string;
    readonly private_key: string;
}
export declare function makeCertificate(names: readonly string[]): UploadedPair;

// conformance/dns-subject.d.ts
import type { PanelUnderTest, TestMachine } from "./panel.ts";
export declare const dnsCapabilities: {
    readonly dnssec: {
        readonly means: "Zones are signed, and the DS record for the parent zone is told.";
    };
    readonly serial: {
        readonly means: "The serial of a zone is answered, and only grows.";
    };
    readonly ownNameServers: {
        readonly means: "The name servers at the apex are those of the zone.";
    };
    readonly refusesStrangers: {
        readonly means: "Zone transfers and dynamic updates are refused to strangers.";
    };
    readonly daemon: {
        readonly means: "A daemon of this machine answers; when it is killed it comes back with everything.";
    };
};
export type DnsCapability = keyof typeof dnsCapabilities;
export interface DnsWorld {
    answers(name: string, type: string): Promise<readonly string[]>;
    hasZone(zone: string): Promise<boolean>;
    writes(): Promise<number>;
    tamper(zone: string, name: string, type: string): Promise<void>;
    cutOff(): Promise<() => Promise<void>>;
}
export interface DnsSubject {
    readonly title: string;
    readonly option: string;
    readonly plugin: string;
    readonly can: {
        readonly [C in Exclude<DnsCapability, "daemon" | "refusesStrangers">]?: true;
    } & {
        readonly daemon?: string;
        readonly refusesStrangers?: (panel: PanelUnderTest, zone: string) => Promise<readonly string[]>;
    };
    readonly record: string;
    readonly machine: TestMachine;
    start(): Promise<PanelUnderTest>;
    world(panel: PanelUnderTest): DnsWorld;
}

// conformance/dns.d.ts
import { type DnsSubject } from "./dns-subject.ts";
export declare function dnsConformance(subject: DnsSubject): void;

// conformance/index.d.ts
export * from "./certificate-samples.ts";
export * from "./dns.ts";
export * from "./dns-subject.ts";
export * from "./panel.ts";
export * from "./php.ts";
export * from "./web.ts";
export * from "./web-subject.ts";

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

// conformance/php.d.ts
import type { PanelUnderTest, TestMachine } from "./panel.ts";
export interface PhpSubject {
    readonly title: string;
    readonly plugin: string;
    readonly service: string;
    readonly record?: string;
    readonly machine: TestMachine;
    start(): Promise<PanelUnderTest>;
}
export declare function phpConformance(subject: PhpSubject): void;

// conformance/web-subject.d.ts
import type { PanelUnderTest, TestMachine } from "./panel.ts";
export declare const webCapabilities: {
    readonly aliases: {
        readonly means: "A site answers to other names than its own.";
        readonly refusal: "audit";
    };
    readonly internationalNames: {
        readonly means: "Names with international letters, as `xn--` labels.";
        readonly refusal: "audit";
    };
    readonly longNames: {
        readonly means: "Names of up to 253 characters.";
        readonly refusal: "audit";
    };
    readonly redirects: {
        readonly means: "A name that redirects, 301 or 302, to exactly the target that was given.";
        readonly refusal: "audit";
    };
    readonly customIncludes: {
        readonly means: "Configuration text an admin adds to one site.";
        readonly refusal: "audit";
    };
    readonly htaccess: {
        readonly means: "Rules of a tenant in `.htaccess`.";
        readonly refusal: "inert";
    };
    readonly certificatesWithoutReload: {
        readonly means: "A new certificate is shown without a reload.";
        readonly refusal: "none";
    };
    readonly ownLinks: {
        readonly means: "A link in a document root is followed to what has the same owner.";
        readonly refusal: "request";
    };
    readonly ownNames: {
        readonly means: "A site is answered over HTTPS only to who opened the connection for it.";
        readonly refusal: "none";
    };
    readonly pathInfo: {
        readonly means: "`/script.php/more` runs the script with `PATH_INFO`.";
        readonly refusal: "request";
    };
};
export type WebCapability = keyof typeof webCapabilities;
export interface CustomIncludes {
    readonly header: {
        readonly content: string;
        readonly name: string;
        readonly value: string;
    };
    readonly refused: readonly string[];
    readonly broken: string;
}
export type WebClaims = {
    readonly [C in Exclude<WebCapability, "customIncludes">]?: true;
} & {
    readonly customIncludes?: CustomIncludes;
};
export interface SiteLogs {
    readonly access: string;
    readonly errors: string;
    isOwn?(line: string): boolean;
}
export interface WebSubject {
    readonly title: string;
    readonly option: string;
    readonly plugin: string;
    readonly service: string;
    readonly can: WebClaims;
    logs(site: string): SiteLogs;
    readonly record: string;
    readonly machine: TestMachine;
    start(): Promise<PanelUnderTest>;
}

// conformance/web.d.ts
import { type WebSubject } from "./web-subject.ts";
export declare function webConformance(subject: WebSubject): void;
