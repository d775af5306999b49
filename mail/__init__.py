"""How does the wire speak? IMAP, SMTP and messages in the words of the RFCs; no database, no users, no Flask."""
