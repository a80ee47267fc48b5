/** Users and groups that a Debian system or a daemon brings along, also those that are not installed yet. */
const systemNames = [
  "root daemon bin sys sync games man lp mail news uucp proxy backup list irc gnats nobody nogroup operator",
  "adm tty disk kmem dialout fax voice cdrom floppy tape sudo wheel audio dip src shadow utmp video",
  "sasl plugdev staff users",
  "input sgx kvm render crontab netdev lpadmin scanner bluetooth ssl ssh sshd sftp messagebus dbus polkitd systemd tss",
  "avahi chrony ntp ntpd openntpd syslog journal rtkit pulse saned colord geoclue usbmux uuidd landscape pollinate",
  "libuuid whoopsie kernoops lightdm gdm nm tcpdump snmp statd rpc nfs nfsnobody ldap openldap nslcd sssd krb",
  "docker containerd podman lxc lxd libvirt qemu kubelet etcd vagrant ubuntu debian",
];

/** Service accounts of the software a hosting server runs. */
const serviceNames = [
  "mysql mysqld mariadb postgres postgresql pgbouncer redis valkey memcache memcached mongo mongodb",
  "sqlite elasticsearch",
  "nginx apache apache2 httpd lighttpd caddy haproxy varnish squid traefik litespeed openlitespeed",
  "lsadm lscpd web www http",
  "php phpfpm fpm phpmyadmin pma adminer tomcat node nodejs bind named powerdns pdns knot nsd unbound dnsmasq dns",
  "postfix postdrop postmap exim exim4 sendmail smmsp smmta courier dovecot dovenull vmail virtual mailman maildrop",
  "opendkim opendmarc rspamd spamd spamassassin amavis clamav clamd greylist postgrey roundcube webmail",
  "ftp ftpd proftpd proftp pureftpd vsftpd fail2ban firewall ufw git gitea gitlab gitolite svn jenkins",
  "prometheus grafana telegraf influxdb nagios icinga zabbix munin monit collectd rabbitmq kafka minio certbot acme",
];

/** Names of the panel and its roles, of other panels, and names that people trust. */
const panelNames = [
  "admin administrator admins superadmin superuser sysadmin sysop toor panel patchbay novacpx ncpx hosting kernel",
  "helper system anonymous guest reseller resellers owner localhost localdomain default shared public private global",
  "cpanel whm whmcs plesk directadmin hestia hestiacp vesta ispconfig froxlor cyberpanel cwp webmin virtualmin",
  "hostmaster postmaster webmaster abuse security noc mailer mailerdaemon noreply support billing",
  "home homes etc var usr lib opt srv tmp dev proc run boot media mnt log logs archive archives config conf data",
  "api login logout auth oauth sso static assets cgi icons phpinfo",
];

/** Words that mean something to a language, a database or a shell. */
const programNames = [
  "constructor prototype null undefined nan none true false all any every everyone self me this new delete",
  "information performance select drop table",
];

const reserved: ReadonlySet<string> = new Set(
  [systemNames, serviceNames, panelNames, programNames].flat().flatMap((line) => line.split(" ")),
);

/** True for a user name that belongs to the system, its services, the panel or a language. */
export function isReservedName(name: string): boolean {
  return reserved.has(name);
}
