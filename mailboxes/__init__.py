"""Who may do what, where? The law: accounts, domains, mailboxes, memberships, rights and the audit log."""
