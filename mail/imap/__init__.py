"""What does the mailbox hold, and how is it changed?"""
