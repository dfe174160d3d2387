"""What people see: terminal table and page."""
