"""Cases: what customers ask, complain of and claim, answered within agreed working hours, with the cause when it is over."""
