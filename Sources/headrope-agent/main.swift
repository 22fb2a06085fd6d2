print("headrope-agent")
