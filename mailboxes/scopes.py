"""What a token may be allowed to do: one table, asked at every call."""

ACCOUNT_READ = "account:read"
DOMAINS_READ = "domains:read"
DOMAINS_CREATE = "domains:create"
MAILBOXES_READ = "mailboxes:read"
MAILBOXES_CREATE = "mailboxes:create"
MAILBOXES_WRITE = "mailboxes:write"
MAILBOXES_DELETE = "mailboxes:delete"
AUDIT_READ = "audit:read"

# Scope → what it lets a token do, in an owner's words.
SCOPES = {
    ACCOUNT_READ: "See the plan, its limits and what is used of it",
    DOMAINS_READ: "See the domains",
    DOMAINS_CREATE: "Add domains",
    MAILBOXES_READ: "See mailboxes and who has access to them",
    MAILBOXES_CREATE: "Make mailboxes, shared ones too",
    MAILBOXES_WRITE: "Change mailboxes: names, passwords, members, conversion",
    MAILBOXES_DELETE: "Delete mailboxes, and take them out of the bin",
    AUDIT_READ: "Read the audit log",
}
EVERY_SCOPE = frozenset(SCOPES)
READING_SCOPES = frozenset({ACCOUNT_READ, DOMAINS_READ, MAILBOXES_READ, AUDIT_READ})
