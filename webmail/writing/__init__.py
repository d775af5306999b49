"""What a person writes, from the first word to the copy in Sent."""
