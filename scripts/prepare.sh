# The scripts beside this one source it. It goes to the project's folder, checks Swift, installs Debian packages that are
# missing, and sets the variables that mpirun needs on small and busy machines and as root.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Only missing packages are installed, so a second call takes no time and needs no root.
prepare() {
    require_swift
    # First the libraries with their headers. Then what swift build itself links and calls: a Swift toolchain brings clang,
    # but neither the C++ headers nor git. Last h5ls.
    local packages=(
        "${mpi_packages[@]}" libopenblas-dev libhdf5-dev libssl-dev zlib1g-dev libarchive-dev
        libjpeg62-turbo-dev libpng-dev libwebp-dev
        g++ git ca-certificates pkg-config libcurl4 libsqlite3-0 libxml2 libncurses6
        hdf5-tools
    )
    if [[ ${DPTRAIN_ENGINES:-} != blas ]]; then packages+=(libdnnl-dev); fi
    install_packages "${packages[@]}"
    require_swift_version
    use_mpi
}

# MPI is Open MPI, or MPICH with DPTRAIN_MPI=mpich. What is built with MPICH lies in a folder of its own.
build_folder=.build
mpi_packages=(libopenmpi-dev openmpi-bin)
case ${DPTRAIN_MPI:-openmpi} in
    openmpi) ;;
    mpich)
        build_folder=.build/mpich
        mpi_packages=(libmpich-dev mpich)
        ;;
    *)
        echo "DPTRAIN_MPI=$DPTRAIN_MPI is not known; it may be openmpi or mpich." >&2
        exit 1
        ;;
esac

# Where both are installed, Debian's mpirun is that of Open MPI. Scripts find the right one by this name.
use_mpi() {
    if [[ ${DPTRAIN_MPI:-} != mpich ]]; then return; fi
    mkdir -p "$build_folder/bin"
    # A link would have Hydra look for its helpers beside the link. Nor may one that is there be written through.
    rm -f "$build_folder/bin/mpirun"
    printf '#!/bin/sh\nexec mpiexec.hydra "$@"\n' >"$build_folder/bin/mpirun"
    chmod +x "$build_folder/bin/mpirun"
    export PATH=$PWD/$build_folder/bin:$PATH
}

swift_page="https://www.swift.org/install/linux (Debian 12), unpack it, and put its usr/bin on the PATH"

require_swift() {
    if ! command -v swift >/dev/null; then
        fail "There is no swift on the PATH. Swift is no Debian package: get version 6 from $swift_page."
    fi
}

# Called after the packages are installed: without them swift may not even start.
require_swift_version() {
    local version
    version=$(swift --version 2>&1 | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)
    if [[ ${version%%.*} -lt 6 ]]; then
        fail "$(command -v swift) is version ${version:-unknown}; dptrain needs 6.0 or newer: get it from $swift_page."
    fi
}

install_packages() {
    local missing=() package
    for package in "$@"; do is_installed "$package" || missing+=("$package"); done
    if [[ ${#missing[@]} -eq 0 ]]; then return; fi
    if ! command -v apt-get >/dev/null; then
        fail "This is not Debian. Install what these Debian packages hold, then try again: ${missing[*]}"
    fi
    echo "Installing ${missing[*]}"
    as_root apt-get -qq update
    as_root apt-get -qq --no-install-recommends install -y "${missing[@]}" >/dev/null
}

# Debian 13 has renamed libraries: libcurl4 is libcurl4t64.
is_installed() {
    grep -qx installed < <(dpkg-query --show --showformat='${db:Status-Status}\n' "$1" "$1t64" 2>/dev/null)
}

as_root() {
    if [[ $EUID -eq 0 ]]; then DEBIAN_FRONTEND=noninteractive "$@"; else sudo DEBIAN_FRONTEND=noninteractive "$@"; fi
}

fail() {
    echo "$*" >&2
    exit 1
}

# Unless told otherwise, Open MPI's mpirun refuses to run as root and to start more ranks than there are cores. Version 5 has a
# name of its own for the latter. A rank that waits spins. On a busy machine it takes the core from the rank it waits for; yielding the core is several times as fast there.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe OMPI_MCA_mpi_yield_when_idle=1
