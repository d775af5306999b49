"""How do pictures of other hosts come in?"""
