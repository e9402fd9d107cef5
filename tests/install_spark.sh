#!/bin/sh
# Make sure that Spark is there for the tests of questions on a cluster: its package as locked, and a
# Java, the system's own or Debian's package (as root or with sudo). Usage: install_spark.sh PYTHON
set -eu
python=$1

has_java() { command -v java >/dev/null && java -version >/dev/null 2>&1; }

if ! has_java; then
    echo "No Java found, installing one for the tests with Spark"
    if command -v apt-get >/dev/null; then
        if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
        export DEBIAN_FRONTEND=noninteractive
        { $sudo apt-get update -qq && $sudo apt-get install -y -qq default-jre-headless; } >/dev/null || true
    fi
    has_java || {
        echo "The tests with Spark need Java 17 or newer. Install it (Debian: apt-get install" >&2
        echo "default-jre-headless), and run make test again." >&2
        exit 1
    }
fi
# Beside the locked packages and not among them: what they do must not hang on whether Spark is there.
target=$("$python" -c 'import sys; print(sys.prefix)')/spark
if ! cmp -s requirements-spark.lock "$target/requirements-spark.lock"; then
    echo "Installing Spark for the tests (half a gigabyte, once)"
    rm -rf "$target"
    "$python" -m pip install --quiet --require-hashes --no-build-isolation --target "$target" \
        -r requirements-spark.lock
    cp requirements-spark.lock "$target/"
fi
