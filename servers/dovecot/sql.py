"""What Dovecot asks our database: only the views named `server_…`, never a table.

Every secret is compared by the database (a SHA-256 of 256 random bits) or is an argon2id hash. No query can return an
empty hash, and no scheme is PLAIN: Dovecot would accept an empty password for an empty hash and `!` for `!`.
"""

import secrets
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url

from auth.app_passwords import GROUPS
from auth.passwords import GROUP, hash_password
from mailboxes.plans import PLANS
from mailboxes.rights import READER
from servers.trouble import ServerTrouble

# Below each mailbox's home; folder names on disk as people write them. The list of subscriptions lies beside the
# folders: among them it would be in the way of one of that name.
_MAILDIR = "maildir:~/mail:LAYOUT=fs:INBOX=~/inbox:UTF-8:SUBSCRIPTIONS="
MAIL_LOCATION = f"{_MAILDIR}../subscriptions"

# `person` proves who they are (authcid), `mailbox` is whom they act as (authzid), RFC 4616. The query itself returns
# allow_nets: what another lookup returned for this person is not asked when somebody acts as a shared mailbox.
# No ACL covers subscriptions (RFC 4314), so those who only read have a list of them apart from the team's.
_DELEGATE = """SELECT secret_sha256 AS password, '{net}' AS allow_nets, acl_group AS userdb_acl_groups, \
CASE WHEN acl_group = '{reader}' THEN '{apart}' END AS userdb_mail \
FROM server_delegates WHERE person = '%Lu' AND mailbox = '%L{{login_user}}' \
AND secret_sha256 = '%{{sha256:password}}' AND '%s' = 'imap'"""
_KEY = """SELECT secret_sha256 AS password, '{net}' AS allow_nets \
FROM server_keys WHERE address = '%Lu' AND secret_sha256 = '%{{sha256:password}}'"""

# Compared here, with every form that what was typed may stand for: the hash to check is that of what was typed.
_BY_DEVICE = """SELECT '%{sha256:password}' AS password FROM server_logins WHERE address = '%Lu' \
AND secret_sha256 IN ('%{sha256:password}', '{bare}', '{grouped}')"""
# A password alone can be guessed, so after too many wrong ones (auth/throttle.py) none is looked at for a while.
_LOGINS = """FROM server_logins WHERE address = '%Lu' AND password_hash IS NOT NULL AND NOT EXISTS (\
SELECT 1 FROM server_waits WHERE key IN ('password-person:%{sha256:user}', 'password-client:%{sha256:rip}'))"""
_BY_LOGIN = f"SELECT password_hash AS password {_LOGINS}"
# Where there is no password to look at, a hash that nobody's makes is: whether somebody exists can't be told by time.
_DECOY = f"SELECT '{{decoy}}' AS password WHERE NOT EXISTS (SELECT 1 {_LOGINS})"
# The rule is a limit for this mailbox alone: its own storage, or what it has and what is left in the pool. To Dovecot
# a limit of 0 would mean none.
_MAILBOX = """SELECT '{mail_root}/%Ld/%Ln' AS home, \
'*:bytes=' || CASE WHEN octets < 1 THEN 1 ELSE octets END AS quota_rule \
FROM (SELECT CASE WHEN quota_mb IS NOT NULL THEN quota_mb * 1048576 ELSE used_bytes - pool_used_bytes \
+ ({plan_mb} - allotted_mb) * 1048576 END AS octets FROM server_mailboxes WHERE address = '%Lu') AS room"""
_MAILBOXES = "SELECT address AS username FROM server_mailboxes"

# The order in which Dovecot tries them: cheap comparisons first, argon2id only when none of those is it.
PASSDBS = ("delegate", "key", "app-password", "password", "decoy")


def sql_files(database_url: str, mail_root: Path, webmail_net: str) -> dict[str, str]:
    """File name -> text of each `args` file. Those of a PostgreSQL hold a password: write them 0600."""
    head = _head(make_url(database_url))
    sha256, argon2id = "default_pass_scheme = SHA256.HEX", "default_pass_scheme = ARGON2ID"
    user_query = _MAILBOX.format(mail_root=mail_root, plan_mb=_plan_mb())
    apart = f"{_MAILDIR}../subscriptions-of-readers"
    delegate = _DELEGATE.format(net=webmail_net, reader=READER.acl_group, apart=apart)
    by_device = _BY_DEVICE.replace("{bare}", _as_shown(GROUP)).replace("{grouped}", _as_shown(GROUP + 1))
    bodies = {
        "delegate": f"{sha256}\npassword_query = {delegate}",
        "key": f"{sha256}\npassword_query = {_KEY.format(net=webmail_net)}",
        "app-password": f"{sha256}\npassword_query = {by_device}",
        "password": f"{argon2id}\npassword_query = {_BY_LOGIN}",
        "decoy": f"{argon2id}\npassword_query = {_DECOY.replace('{decoy}', hash_password(secrets.token_hex(32)))}",
        "mailbox": f"user_query = {user_query}\niterate_query = {_MAILBOXES}",
    }
    return {f"sql-{name}.conf": f"{head}\n{body}\n" for name, body in bodies.items()}


def _plan_mb() -> str:
    cases = " ".join(f"WHEN '{plan.name}' THEN {plan.storage_mb}" for plan in PLANS.values())
    return f"CASE plan {cases} END"


def _as_shown(step: int) -> str:
    """SHA-256 of what was typed, written as app passwords are shown: small letters, hyphens between the groups.

    `step` octets of what was typed hold a group. Dovecot can't leave signs out, but it cuts (%offset.width), folds (L)
    and trims (T), and `if` hands several pieces to one hash: so any case, and a blank, a hyphen or nothing between the
    groups, and neither a plain password nor more than one hash of an app password has to be in the database.
    """
    *firsts, last = range(0, GROUPS * step, step)
    pieces = [*(f"%{start}.{GROUP}Lw" for start in firsts), f"%{last}.99LTw"]
    return f"%{{sha256:if;1;==;1;{'-'.join(pieces)};}}"


def _head(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        if not url.database:
            raise ServerTrouble("DATABASE_URL must name a file: the mail servers read the database too.")
        return f"driver = sqlite\nconnect = {Path(url.database).absolute()}"
    return f"driver = pgsql\nconnect = {connection_string(url)}"


def connection_string(url: URL) -> str:
    """libpq's own form. Dovecot splits it at spaces before libpq sees it, so no value may hold one."""
    query = {key: value for key, value in url.query.items() if isinstance(value, str)}
    facts = {"host": url.host, "port": url.port, "dbname": url.database, "user": url.username, **query}
    facts["password"] = url.password
    parts = []
    for key, value in facts.items():
        if value in (None, ""):
            continue
        text = str(value)
        if any(character in text for character in " '\\\n\t"):
            raise ServerTrouble(f"DATABASE_URL: {key} may hold no space, quote or backslash.")
        parts.append(f"{key}={text}")
    return " ".join(parts)
