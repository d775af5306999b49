"""What a person reads: folders, messages, what is found."""
