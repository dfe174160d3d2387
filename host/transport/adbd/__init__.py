"""What is said to an adbd, whether by way of an adb server or without one."""
