"""The routes, by what they tell of: lists, items, the release itself, and the feedback that comes in."""
