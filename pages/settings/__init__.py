"""What a person decides about their own sign-in and their own mailboxes."""
