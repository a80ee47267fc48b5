import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { makeCertificate } from "./certificate-samples.ts";
import type { Scene } from "./scene.ts";
import { askOverHttp2, askSecurely, shakeHands } from "./tls-request.ts";
import { adasPage, type WebStage } from "./web-cast.ts";
import type { WebSubject } from "./web-subject.ts";

const names = async (scene: Scene, name: string) =>
  (await shakeHands(scene.panel.https, name))?.certificate.subjectaltname ?? "";

/** Every site answers over HTTPS, with a certificate of its own. */
export function servingSecurely(stage: WebStage, subject: WebSubject): void {
  stage.look("answers over HTTPS as it does over HTTP, with a certificate of its own", async (scene) => {
    expect(await askSecurely(scene.panel.https, adasPage)).toMatchObject({ status: 200, text: "ada" });
    expect(await askSecurely(scene.panel.https, { ...adasPage, host: "bob.test" })).toMatchObject({ text: "bob" });
    expect(await names(scene, "ada.test")).toContain("DNS:ada.test");
    expect(await names(scene, "bob.test")).toContain("DNS:bob.test");
    expect(await names(scene, "ADA.test")).toContain("DNS:ada.test");
    expect((await shakeHands(scene.panel.https, "ada.test"))?.protocol).toMatch(/^TLSv1\.[23]$/);
  });

  stage.look("speaks HTTP/2, and tells scripts that they are asked securely", async (scene) => {
    scene.write(stage.the("ada"), "scheme.php", '<?php echo $_SERVER["HTTPS"] ?? "no";');
    expect(await askOverHttp2(scene.panel.https, "ada.test", adasPage.path)).toEqual({ status: 200, text: "ada" });
    expect((await askSecurely(scene.panel.https, { host: "ada.test", path: "/scheme.php" })).text).toBe("on");
    expect((await scene.get("ada.test", "/scheme.php")).text).toBe("no");
  });

  stage.look("never shows a tenant's page or certificate to who asks for somebody else", async (scene) => {
    for (const sni of ["nobody.test", undefined]) {
      const hands = await shakeHands(scene.panel.https, sni);
      expect(hands?.certificate.subjectaltname ?? "").not.toMatch(/ada\.test|bob\.test/);
    }
    if (subject.can.ownNames) {
      const crossed = await askSecurely(scene.panel.https, { ...adasPage, host: "bob.test", sni: "ada.test" });
      expect([0, 400, 403, 404, 421]).toContain(crossed.status);
    }
    const unknown = await askSecurely(scene.panel.https, { ...adasPage, host: "nobody.test" });
    expect([0, 404, 421]).toContain(unknown.status);
  });

  stage.step("shows a certificate that was uploaded, at once, and its own again when it is deleted", async (scene) => {
    const ada = stage.the("ada");
    const pair = makeCertificate(["ada.test", "www.ada.test"]);
    const workers = workersOf(scene, subject.service);
    const upload = { account_id: ada.id, domain: "ada.test", ...pair };
    const uploaded = await scene.whileAnswering(adasPage, () => scene.change<{ id: number }>("ssl/upload", upload));
    const { fingerprint256 } = new X509Certificate(pair.certificate);
    expect((await shakeHands(scene.panel.https, "ada.test"))?.certificate.fingerprint256).toBe(fingerprint256);
    expect(await askSecurely(scene.panel.https, adasPage)).toMatchObject({ status: 200, text: "ada" });
    if (subject.can.certificatesWithoutReload) expect(workersOf(scene, subject.service)).toEqual(workers);
    await scene.change("ssl/delete", { id: uploaded.id });
    expect((await shakeHands(scene.panel.https, "ada.test"))?.certificate.fingerprint256).not.toBe(fingerprint256);
  });

  stage.step("is never given a certificate that is broken or somebody else's", async (scene) => {
    const ada = stage.the("ada");
    const [mine, other] = [makeCertificate(["ada.test"]), makeCertificate(["bob.test"])];
    const wrong = [
      { ...mine, private_key: other.private_key },
      other,
      { ...mine, certificate: mine.certificate.replace(/[A-Z]/g, "A") },
      { ...mine, certificate: "" },
    ];
    const before = await names(scene, "ada.test");
    for (const pair of wrong) {
      const answer = await scene.leavesFiles(() =>
        scene.post("ssl/upload", { account_id: ada.id, domain: "ada.test", ...pair }),
      );
      expect(answer.status).toBe(400);
    }
    expect(await names(scene, "ada.test")).toBe(before);
  });

  stage.step("sends visitors to HTTPS, and tells browsers to stay there", async (scene) => {
    const ada = stage.the("ada");
    const site = await scene.addDomain(ada, "safe.test", { document_root: "public_html" });
    await scene.change("domains/update", { domain_id: site.id, force_https: true, hsts_max_age: 86_400 });
    const { port } = scene.panel.https;
    const sent = await scene.get("safe.test", "/page.txt?a=b%20c");
    const origin = `https://safe.test${port === 443 ? "" : `:${port}`}`;
    expect(sent).toMatchObject({ status: 301, headers: { location: `${origin}/page.txt?a=b%20c` } });
    expect(sent.headers["strict-transport-security"]).toBeUndefined();
    expect((await scene.get("safe.test", "/.well-known/acme-challenge/none")).status).toBe(404);
    const page = await askSecurely(scene.panel.https, { host: "safe.test", path: "/page.txt" });
    expect(page).toMatchObject({ status: 200, text: "ada" });
    expect(page.headers["strict-transport-security"]).toBe("max-age=86400");
    const missing = await askSecurely(scene.panel.https, { host: "safe.test", path: "/none.php" });
    expect(missing).toMatchObject({ status: 404, headers: { "strict-transport-security": "max-age=86400" } });
    await scene.change("domains/update", { domain_id: site.id, force_https: false, hsts_max_age: null });
    expect((await scene.get("safe.test", "/page.txt")).status).toBe(200);
    await scene.removeDomain(ada, site);
  });

  stage.step("answers for a suspended account over HTTPS too", async (scene) => {
    const { id } = stage.the("bob");
    await scene.change("accounts/suspend", { id, reason: "a test" });
    expect((await askSecurely(scene.panel.https, { ...adasPage, host: "bob.test" })).status).toBe(503);
    await scene.change("accounts/unsuspend", { id });
    expect(await askSecurely(scene.panel.https, { ...adasPage, host: "bob.test" })).toMatchObject({ text: "bob" });
  });
}

/** The processes below a daemon: others after every reload. */
function workersOf(scene: Scene, service: string): string {
  const pid = scene.panel.daemons().find(({ name }) => name === service)?.pid;
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
}
