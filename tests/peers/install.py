"""Installs the peers of the benchmark into a folder, pinned, and lists them there in peers.json.

Usage: python3 tests/peers/install.py FOLDER
"""

import hashlib
import json
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    if sys.version_info < (3, 10):
        sys.exit("Python 3.10 or newer is needed.")
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1]).resolve()
    stamp = folder / ".made-from"
    made_from = fingerprint()
    if stamp.exists() and stamp.read_text() == made_from:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    peers = [bolt_python(folder / "bolt-python"), bolt_js(folder / "bolt-js")]
    (folder / "peers.json").write_text(json.dumps(peers, indent=2) + "\n")
    # Written last: an installation that was interrupted is made again.
    stamp.write_text(made_from)


def fingerprint():
    """The sources of the peers and the programs that run them, in a few letters."""
    digest = hashlib.sha256()
    for file in sorted(HERE.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(file.relative_to(HERE).as_posix().encode() + file.read_bytes())
    digest.update(f"{sys.executable} {sys.version} {node()}".encode())
    return digest.hexdigest()


def node():
    """The program `node`, which has to be 20 or newer."""
    found = shutil.which("node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout if found else ""
    if shutil.which("npm") is None or int(version.strip().lstrip("v").split(".")[0] or 0) < 20:
        sys.exit("node and npm are needed: install Node.js 20 or newer from https://nodejs.org")
    return str(Path(found).resolve())


def bolt_python(folder):
    """Bolt for Python, and beside it what Lambda's Python runtime brings: its own client and boto3."""
    source = HERE / "bolt-python"
    package, runtime, installer = folder / "package", folder / "runtime", folder / "installer"
    venv.create(installer, with_pip=True)
    for target, pins in [(package, "package.txt"), (runtime, "runtime.txt")]:
        pip = [installer / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        run(*pip, "--only-binary", ":all:", "--target", target, "--requirement", source / pins)
    shutil.copy(source / "handler.py", package)
    run(sys.executable, "-m", "compileall", "-q", package)
    environment = {
        "LAMBDA_TASK_ROOT": str(package),
        "PYTHONPATH": f"{package}:{runtime}",
        "LANG": "en_US.UTF-8",
    }
    command = [sys.executable, "-m", "awslambdaric", "handler.handle"]
    return listed("bolt-python", command, environment, package, runtime)


def bolt_js(folder):
    """Bolt for JavaScript, and beside it what Lambda's Node.js runtime brings: a loop like its own and the SDK."""
    package, runtime = folder / "package", folder / "runtime"
    for target in [package, runtime]:
        shutil.copytree(HERE / "bolt-js" / target.name, target)
        run("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", target)
    environment = {
        "LAMBDA_TASK_ROOT": str(package),
        "NODE_PATH": str(runtime / "node_modules"),
        # The SDK says at each start that it will need a newer Node.js one day.
        "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
    }
    return listed("bolt-js", [node(), str(runtime / "loop.js")], environment, package, runtime / "node_modules")


def listed(name, command, environment, package, runtime):
    """A peer as the benchmark reads it, with the zip that would be uploaded."""
    return {
        "name": name,
        "command": command,
        "environment": environment,
        "zip": zipped(package.with_name("package.zip"), package),
        "zip_with_runtime": zipped(package.with_name("package-with-runtime.zip"), package, runtime),
    }


def zipped(archive, *folders):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for folder in folders:
            for file in sorted(folder.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    made.write(file, Path(folder.name) / file.relative_to(folder))
    return str(archive)


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    main()
