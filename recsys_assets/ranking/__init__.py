"""What turns candidate lists into recommendations: plain arrays in, plain arrays out."""
