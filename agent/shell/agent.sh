#!/bin/sh
# The shell agent from its parts, for work on it. A device gets one file: `bundle` in __init__.py
# puts the parts in the place of the loop below.
here=${0%/*}
[ "$here" != "$0" ] || here=.
for part in shells clock json spool sources values rails sampler order runner followed attempt session pulses facts lock keep follow doctor main; do
    . "$here/$part.sh"
done
