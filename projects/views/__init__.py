"""The screens: each module is one of them, reads through selectors and acts through services."""
