"""Far ends of transports: real devices or real servers that stand for one."""
