"""What of somebody's HTML may be shown, and what does it say?"""
