/**
 * Passwords of at least eight characters that lead the published breach lists, in lower case. Shorter ones fail the
 * length rule anyway.
 */
const leaked = [
  "password password1 password12 password123 password1234 password12345 password123456 passw0rd passw0rd1 p@ssw0rd",
  "p@ssword p@ssword1 p@ssw0rd1 p@ssw0rd123 pa$$word pa$$w0rd mypassword newpassword passwords passwort passwort1",
  "12345678 123456789 1234567890 12345678910 123456789a 1234567891 0123456789 0987654321 987654321 9876543210 87654321",
  "11111111 111111111 1111111111 00000000 000000000 0000000000 22222222 33333333 55555555 66666666 77777777 88888888",
  "88888888888 99999999 12341234 12121212 123123123 123321123 123454321 11223344 1122334455 112233445566 147258369",
  "147852369 159357456 321321321 741852963 789456123 963852741 01234567 10203040 13131313 20202020 19216811 31415926",
  "123qweasd 123qwe123 123qweasdzxc 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2",
  "q1w2e3r4 q1w2e3r4t5",
  "qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwer1234 qwerqwer qweasdzxc qweqweqwe",
  "asdfghjk asdfghjkl asdfasdf asdf1234 asdasdasd zxcvbnm1 zxcvbnm123 zaq12wsx zaq1zaq1 zaq1xsw2 azertyui azertyuiop",
  "abcd1234 abc12345 abc123456 abcdefgh abcdefghi a1234567 a12345678 a123456789 a1b2c3d4 aa123456 aa12345678 aaaaaaaa",
  "aaaaaaaaa aaaaaaaaaa abcabcabc abc123abc qwertzuiop qwertz123 iloveyou iloveyou1 iloveyou2 iloveyou12 iloveyou123",
  "sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball superman superman1 batman123",
  "trustno1 starwars starwars1 pokemon1 pokemon123 michelle michelle1 michael1 jennifer jessica1 jordan23 liverpool",
  "liverpool1 chelsea1 arsenal1 computer computer1 internet internet1 whatever whatever1 welcome1 welcome12 welcome123",
  "welcome1234 welcome2 letmein1 letmein123 letmeinnow changeme changeme1 changeme123 changeit changeit1 changethis",
  "secret12 secret123 secret1234 topsecret verysecret supersecret mysecret default1 default123 temp1234 temporary",
  "test1234 test12345 testtest testing1 testing123 guest123 user1234 username username1 admin123 admin1234 admin12345",
  "admin123456 adminadmin admin@123 admin@1234 administrator administrator1 root1234 rootroot root12345",
  "toor1234 master123",
  "dragon12 dragon123 monkey12 monkey123 shadow12 shadow123 charlie1 butterfly butterfly1 chocolate",
  "chocolate1 samantha",
  "alexander alexandra elizabeth christian christine stephanie victoria veronica danielle catherine maverick mercedes",
  "corvette scorpion einstein midnight elephant dolphin1 dolphins marlboro cheyenne lovelove loveyou1",
  "loveme123 babygirl",
  "babygirl1 angel123 jesus123 jesuschrist blessed1 freedom1 forever1 friends1 friendship happy123 hello123 hello1234",
  "hellohello helloworld helloworld1 spiderman spiderman1 minecraft minecraft1 fortnite blink182 metallica slipknot",
  "nirvana1 rockstar rockyou1 rainbow1 diamond1 summer12 summer123 summer2024 summer2025 summer2026",
  "winter123 winter2024",
  "winter2025 winter2026 spring2025 spring2026 autumn2025 autumn2026 monday123 january1 december1 october1 november1",
  "correcthorsebatterystaple letmein12 access14 access123 login123 login1234 manager1 manager123 server123 server1234",
  "database database1 oracle123 mysql123 mysql1234 postgres postgres1 postgres123 apache123 ubuntu123",
  "debian123 linux123",
  "company1 company123 office123 business1 service1 support1 support123 security security1 backup123",
  "system123 system32",
];

/** Words that nobody may build a password from by adding digits and punctuation: the product and the usual defaults. */
const productWords =
  "password passw0rd passwort admin administrator root changeme letmein welcome qwerty default patchbay " +
  "novacpx nova ncpx " +
  "hosting hostingpanel controlpanel webhosting cpanel plesk webmaster server serverpanel";

const leakedSet: ReadonlySet<string> = new Set(leaked.flatMap((line) => line.split(" ")));
const productSet: ReadonlySet<string> = new Set(productWords.split(" "));

/** How many passwords the list holds. */
export const commonPasswordCount = leakedSet.size;

/** True for a password that guessing tries first, in any case of letters. */
export function isCommonPassword(password: string): boolean {
  const lower = password.toLowerCase();
  return leakedSet.has(lower) || productSet.has(lower.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ""));
}
