print("headrope")
