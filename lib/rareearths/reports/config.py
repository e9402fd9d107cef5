class ConfigError(Exception): pass
