"""The one configuration file of Dovecot 2.3, as text made from the settings."""

from core.config import Config
from mail.message.origin import NOTICE
from mailboxes.rights import STANDINGS
from servers.dovecot.administration import DOVEADM_SOCKET
from servers.dovecot.program import Paths
from servers.dovecot.sql import MAIL_LOCATION, PASSDBS, sql_files
from servers.service_user import ServiceUser
from servers.trouble import ServerTrouble

# sun_path holds 107 bytes (unix(7)), and Dovecot's longest socket name below its base directory takes about 35.
_LONGEST_BASE = 70

# Rights as letters of RFC 4314 §2.1. `owner` is a person in their own mailbox. A member in a shared one comes with the
# group the database gave them; one without a group gets nothing. Only this file counts (acl_globals_only).
ACL = "".join(f"* {f'group={one.acl_group}' if one.acl_group else 'owner'} {one.acl_letters}\n" for one in STANDINGS)

# Asked for on every page of a list or on opening a message, so kept in the cache file from the first delivery on.
_CACHED = (
    "flags date.received date.sent size.virtual mime.parts imap.bodystructure body.snippet hdr.date hdr.subject "
    "hdr.from hdr.sender hdr.reply-to hdr.to hdr.cc hdr.bcc hdr.in-reply-to hdr.message-id hdr.references "
    f"hdr.{NOTICE.lower()}"
)

# In each mailbox's home: octets and messages, written anew by whichever Dovecot process changed them.
USAGE_FILE = "usage"
# A mailbox with any room left takes one more delivery of any size: so "full" means one thing, at every door.
QUOTA_GRACE_MB = 64
# Counted by Dovecot itself; by its second LMTP, for our own letters about full storage, without a limit.
_QUOTA = "count:Storage"

# How much an Inbox holds is told from the index of all folders, as it is of the others. To open one that nobody has in
# hand, with a hundred thousand messages, took 60 ms, at every look at the sidebar.
_COUNTS_AT_HAND = "mailbox_list_index_include_inbox = yes"

# What reads folders maps their index and cache files, and holds the names of all their messages. With a million of them
# that was 275 MB of address space before anything was cached, 412 MB during a search and 924 MB with a cache of 687 MB
# (Dovecot lets one grow to 1 GB). With the 256 MB that a process has by default it died of it; with 512 MB pages came,
# but the cache could not be mapped and a search did not end in minutes. It is a bound on what runs wild, and takes no
# memory by itself. Who talks to strangers (sign-in, auth) keeps the default.
_ROOM_FOR_A_MILLION = "vsz_limit = 4 G"

_SPECIAL_USE = ("Drafts", "Sent", "Archive", "Junk", "Trash")


def config_files(
    config: Config,
    user: ServiceUser,
    api_key: str,
    *,
    database_url: str = "",
    paths: Paths | None = None,
    more: str = "",
) -> dict[str, str]:
    """File name -> text, all in `config.run_dir`; hold secrets, so write them 0600.

    `database_url` is what Dovecot connects with when that is not `config.database_url` itself; `more` are further
    settings.
    """
    _check_paths(config)
    files = sql_files(database_url or config.database_url, config.mail_root, config.webmail_net)
    files["acl"] = ACL
    files["dovecot.conf"] = _main(config, user, api_key, paths or Paths()) + more + "\n"
    return files


def _check_paths(config: Config) -> None:
    base = str(config.run_dir / "dovecot")
    if len(base.encode()) > _LONGEST_BASE:
        raise ServerTrouble(f"DATA_DIR is too long a path for sockets ({base}): choose a shorter one.")
    if any(character in base for character in "%#\"'\\\n{}: "):
        raise ServerTrouble(f"DATA_DIR must be a path without spaces, quotes and any of % # : {{ }} ({base}).")


def _main(config: Config, user: ServiceUser, api_key: str, paths: Paths) -> str:
    return "\n".join(
        [
            _process(config, user, paths),
            _log(config),
            _storage(config, user),
            _sign_in(config),
            _services(config, user),
            f"doveadm_api_key = {api_key}",
            "",
        ]
    )


def _process(config: Config, user: ServiceUser, paths: Paths) -> str:
    lines = [
        "protocols = imap lmtp",
        f"base_dir = {config.run_dir / 'dovecot'}",
        f"state_dir = {config.run_dir / 'dovecot-state'}",
        # The master process has no rights to give away, so every service keeps its one account and no chroot.
        f"default_internal_user = {user.name}",
        f"default_internal_group = {user.group}",
        f"default_login_user = {user.name}",
        # Read in Received and Message-ID by customers: never the machine's name.
        f"hostname = {config.mail_hostname}",
        "import_environment = TZ DOVECOT_HOSTNAME DOVECOT_HOSTDOMAIN LD_LIBRARY_PATH",
        "ssl = no",
        "disable_plaintext_auth = no",
        "default_client_limit = 4096",
        "default_process_limit = 200",
    ]
    if paths.libexec:
        lines.append(f"libexec_dir = {paths.libexec}")
    if paths.modules:
        lines.append(f"mail_plugin_dir = {paths.modules}")
    return "\n".join(lines)


def _log(config: Config) -> str:
    return f"""log_path = {config.log_dir / "dovecot.log"}
log_timestamp = "%Y-%m-%dT%H:%M:%S "
auth_verbose = yes
login_log_format_elements = user=<%u> member=<%{{auth_user}}> method=%m rip=%r session=<%{{session}}>"""


def _storage(config: Config, user: ServiceUser) -> str:
    folders = "\n".join(
        f"  mailbox {name} {{\n    auto = subscribe\n    special_use = \\{name}\n  }}" for name in _SPECIAL_USE
    )
    return f"""mail_uid = {user.uid}
mail_gid = {user.gid}
first_valid_uid = {user.uid}
last_valid_uid = {user.uid}
first_valid_gid = {user.gid}
mail_location = {MAIL_LOCATION}
maildir_very_dirty_syncs = yes
{_COUNTS_AT_HAND}
mail_always_cache_fields = {_CACHED}
mail_never_cache_fields =
mail_plugins = acl quota quota_clone
plugin {{
  acl = vfile:{config.run_dir / "acl"}
  acl_globals_only = yes
  quota = {_QUOTA}
  quota_vsizes = yes
  quota_grace = {QUOTA_GRACE_MB}M
  quota_clone_dict = file:%h/{USAGE_FILE}
}}
namespace inbox {{
  inbox = yes
  separator = /
{folders}
}}
recipient_delimiter =
quota_full_tempfail = yes
protocol lmtp {{
  mail_plugins = quota quota_clone
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
  mail_max_userip_connections = 1000
}}
protocol doveadm {{
  mail_plugins = quota
}}"""


def _sign_in(config: Config) -> str:
    lines = [
        # LOGIN is for one's own mailbox; acting as another takes PLAIN, which alone carries an authzid.
        "auth_mechanisms = plain login",
        "auth_username_chars = abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890.-_@+=&'~",
        "auth_username_format = %Lu",
        "auth_failure_delay = 1 secs",
        # No cache: it would let a removed member in until it expires.
        "auth_cache_size = 0",
    ]
    for name in PASSDBS:
        master = "\n  master = yes" if name == "delegate" else ""
        lines.append(f"passdb {{\n  driver = sql\n  args = {config.run_dir / f'sql-{name}.conf'}{master}\n}}")
    lines.append(f"userdb {{\n  driver = sql\n  args = {config.run_dir / 'sql-mailbox.conf'}\n}}")
    return "\n".join(lines)


def _services(config: Config, user: ServiceUser) -> str:
    return f"""service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 8192
}}
service auth-worker {{
  user = {user.name}
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  client_limit = 4096
  inet_listener imap {{
    address = 127.0.0.1
    port = {config.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_min_avail = 2
  process_limit = 2048
  {_ROOM_FOR_A_MILLION}
}}
service lmtp {{
  process_min_avail = 1
  {_ROOM_FOR_A_MILLION}
  unix_listener {config.lmtp_socket.name} {{
    mode = 0600
  }}
}}
service lmtp-notices {{
  executable = lmtp -o plugin/quota={_QUOTA}:noenforcing
  protocol = lmtp
  client_limit = 1
  {_ROOM_FOR_A_MILLION}
  unix_listener {config.notice_socket.name} {{
    mode = 0600
  }}
}}
service doveadm {{
  {_ROOM_FOR_A_MILLION}
  unix_listener {DOVEADM_SOCKET} {{
    mode = 0600
  }}
}}"""
