class ParameterError(Exception): pass
