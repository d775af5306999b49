"""What does a person read and write? Folders, messages, drafts and sending, in any mailbox open to them."""
