"""A phone's root folder, shell, commands and stateful Android services."""
