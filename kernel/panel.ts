import type { RequestListener } from "node:http";
import { type Role, roles } from "@patchbay/sdk";
import { checkCsrf } from "./auth/csrf.ts";
import type { Foundation } from "./foundation.ts";
import { createApp } from "./http/app.ts";
import type { KeptCertificate } from "./http/certificate.ts";
import { openApiRoute } from "./http/documents.ts";
import type { Doors } from "./http/doors.ts";
import { eventsRoute } from "./http/events.ts";
import { type Listener, openListeners } from "./http/listeners.ts";
import type { Instance } from "./instance.ts";
import type { Kernel } from "./kernel.ts";
import { buildOpenApi } from "./operations/openapi.ts";
import type { Generation } from "./plugins/generation.ts";
import { RateLimiter } from "./rate/limiter.ts";

/** Opens the panel's three ports on what the kernel can do. */
export function openPanel(
  instance: Instance,
  kernel: Kernel,
  foundation: Foundation,
  certificate: KeptCertificate,
): Promise<readonly Listener[]> {
  const { clock, logger, storage } = foundation;
  const limiter = new RateLimiter(clock, { standard: instance.rateStandard, login: instance.rateLogin });
  const origins = new Set(roles.map((role: Role) => kernel.system.portal(role).slice(0, -1)));
  const doors: Omit<Doors, "run" | "begin"> = {
    authenticate: (credentials, options) => kernel.auth.authenticator.authenticate(credentials, options),
    rate: (rateClass, ip) => limiter.hit(rateClass, ip),
    checkOrigin: (req, principal) =>
      checkCsrf(
        {
          method: req.method ?? "",
          via: principal.via,
          contentType: req.headers["content-type"],
          origin: req.headers.origin,
          secFetchSite: req.headers["sec-fetch-site"] as string | undefined,
          host: req.headers.host,
        },
        origins,
      ),
    log: (error, requestId) =>
      logger.error("a request failed", { request_id: requestId, error, stack: stackOf(error) }),
  };
  const events = eventsRoute({ doors, outcomes: kernel.outcomes, read: storage.read });
  const appOf = (generation: Generation) => {
    const operations = [...generation.operations.values()];
    const document = openApiRoute(() => buildOpenApi(operations, { version: instance.version }));
    const run: Doors["run"] = (call) => kernel.run(call, generation);
    return createApp(operations, [document, events], { ...doors, run, begin: () => generation.calls.begin() });
  };
  return openListeners(followGeneration(kernel.generation, appOf), {
    address: instance.bind,
    ports: [instance.port, instance.port + 1, instance.port + 2],
    certificate,
  });
}

/** Serves with the app of the current generation. A request that has begun ends on the one it began with. */
function followGeneration(
  generation: () => Generation,
  appOf: (generation: Generation) => RequestListener,
): RequestListener {
  let current = generation();
  let app = appOf(current);
  return (req, res) => {
    const now = generation();
    if (now !== current) {
      app = appOf(now);
      current = now;
    }
    return app(req, res);
  };
}

function stackOf(error: unknown): string | undefined {
  const cause = (error as { cause?: unknown } | undefined)?.cause;
  return cause instanceof Error ? cause.stack : error instanceof Error ? error.stack : undefined;
}
