import { definePlugin, defineProvider, Vault } from "@patchbay/sdk";
import { CertificateStore, createCertificateStore } from "./certificate-store.ts";
import { Certificates, type CertificateUnit, certificatesSlotId } from "./contract.ts";
import { tellExpiring } from "./expiring.ts";
import { certificateMigrations } from "./migrations.ts";
import { deleteCertificate } from "./operations/delete-certificate.ts";
import { listCertificates } from "./operations/list-certificates.ts";
import { uploadCertificate } from "./operations/upload-certificate.ts";
import { certificateType } from "./ownership.ts";
import { createFilesProvider } from "./provider.ts";
import { certificatesSlot } from "./slot.ts";

/** Certificates of domains: self-signed, uploaded, and the files servers read. */
export default definePlugin((to) => {
  to.migrations(certificateMigrations);
  to.object(certificateType);
  to.slot(certificatesSlot);
  to.provider(
    defineProvider<CertificateUnit>({
      slot: certificatesSlotId,
      id: "files",
      title: "Certificate files",
      create: (use) => createFilesProvider(use(Vault)),
    }),
  );
  to.schedule(tellExpiring);
  to.service(CertificateStore, (use) => createCertificateStore(use(Vault)));
  to.service(Certificates, (use) => use(CertificateStore));
  for (const operation of [listCertificates, uploadCertificate, deleteCertificate]) to.operation(operation);
});
