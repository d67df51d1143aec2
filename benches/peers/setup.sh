#!/bin/sh
# Installs the peers from the registries: PETSc (Debian), the others into target/peers.
set -e
cd "$(dirname "$0")/../.."
apt-get install -y --no-install-recommends python3-petsc4py python3-mpi4py python3-scipy mpi-default-bin python3-venv
/usr/bin/python3 -m venv target/peers
target/peers/bin/pip install -q \
    fipy scipy taufactor porespy openpnm pyamg
