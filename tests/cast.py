"""Who plays in the tests: the demo world's people, by their addresses."""

PASSWORD = "postroom-demo-1"

ANA = "ana@brand-a.test"  # replies as support@ and as sales@
BEN = "ben@brand-b.test"  # replies as support@, from another domain
CLEO = "cleo@brand-b.test"  # only reads support@
DAN = "dan@brand-a.test"  # has no share in anything
TESS = "tess@brand-a.test"  # replies as support@, and has a second factor
EVE = "eve@other.test"  # is another account's
KIM = "kim@customer.test"  # writes to support@

OWNER = "owner@acme.test"  # olive: runs the account in the console, and reads her mail as a person of the same address

SUPPORT = "support@brand-a.test"
SALES = "sales@brand-b.test"
HELP = "help@other.test"  # another account's shared mailbox, eve's

TESS_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
