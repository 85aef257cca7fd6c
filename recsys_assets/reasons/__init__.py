"""Reasons in words: templates of each language, and the numbers, ages and dates that stand in them."""
