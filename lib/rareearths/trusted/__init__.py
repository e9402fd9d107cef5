"""What a bloc sources inside, what that rests on, and what a loss takes away."""
