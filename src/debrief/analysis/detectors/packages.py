"""Packages: what package managers could not resolve, fetch or build, and what the machine lacks to build."""

import re
from typing import ClassVar

import msgspec

from debrief.analysis.changes import manifest_changed
from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound
from debrief.analysis.installs import NATIVE, NATIVE_NEEDLES, fails_elsewhere, packages, worked
from debrief.analysis.speech import Speech
from debrief.analysis.view import Step

SUBSTITUTE_STEPS = 2
"""How soon another package has to be installed to count as the right name of the one that was not found."""

_ASKS = re.compile(
    r"\b(?:npm|pnpm|yarn|bun)\s{1,4}(?:publish|view|info|show|search|whoami|outdated|audit)\b"
    r"|\b(?:conda|mamba|cargo|gem|brew)\s{1,4}(?:search|info|publish|push)\b"
    r"|\bpip3?\s{1,4}(?:index|download|show|check)\b|--dry-run\b"
)
_HELPERS = frozenset({"pip", "setuptools", "wheel"})
_NPM = r"^npm (?:ERR!|error) "
_NAME = r"([\w.-]{1,80})"
_SCOPED = r"(@?[^@\s]{1,120})"
_QUOTED = r"\"(@?[^\"@\n]{1,120})\""
_ARTIFACT = r"([\w.-]{1,80}:[\w.-]{1,80})"
_MODULE = r"([\w.-]{1,80}/[\w./~-]{1,160})"
_UNSOLVED = r"\u00d7 No solution found when resolving [^\n]{1,120}"


class Installation(PatternDetector):
    """A pattern detector for package managers: what they could not resolve, fetch or build."""

    label = "Dependencies"
    summary = 'Packages could not be resolved or installed: {part} ended with "{line}"'
    unknown: ClassVar[tuple[re.Pattern[str], ...]] = ()
    """The patterns that name a package which the registry does not have."""

    def listens(self, step: Step) -> bool:
        """Only a shell: a run that ran tests had its packages, and a question to the registry is no work."""
        ran = step.family == "test" and (step.failing or step.failed_count)
        return step.call.tool_kind == "shell" and not ran and not _ASKS.search(step.command)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it is the packages' fault: not the network's, a refusal's or a missing compiler's."""
        del step, scene
        return not fails_elsewhere(match.string)

    def signature(self, step: Step, what: str, line: str) -> str:
        """The package, where one is named."""
        return what.lower() or super().signature(step, what, line)

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """A name that was typed and that the registry does not have is no fault of the manifest."""
        found = super().finding(speech, match)
        if match.re in self.unknown and found.subject and found.subject in speech.step.command:
            said = f"There is no `{found.subject}` of that name or version to install; name the right one."
            return msgspec.structs.replace(found, advice=(Advice("knowledge", said),))
        return found

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same was installed after all, by a second try or, soon after, under another name."""
        hit = finding.steps[0]
        if not worked(later):
            return False
        if later.command == hit.command:
            return True
        if hit.family != "install":
            return later.target.split(" ", 1)[0] == hit.target.split(" ", 1)[0] != ""
        if later.family != "install":
            return False
        wanted, got, subject = packages(hit), packages(later), finding.subject.lower()
        if subject in got or wanted & got or (not wanted and later.target == hit.target):
            return True
        soon = later.index - hit.index <= SUBSTITUTE_STEPS
        return soon and subject in wanted and bool(got - _HELPERS)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """A manifest was changed between the failure and the success."""
        return manifest_changed(scene.steps[hits[0].index : resolution.index])


class ScriptPackages(Installation):
    """npm, pnpm, yarn or bun could not install: there is no such version, a conflict, or a stale lock file.

    Why it matters: nothing of the project runs before its packages are there, and the agent tries one option
    after the other.

    When it is wrong: a package's own build may have failed; a missing compiler is told apart, and so are the
    network and refused logins. A script of the project that failed is no failed installation.

    What it suggests: to bring manifest and lock file in line, or to name the right package.
    """

    id = "DEP-02"
    name = "npm resolve/install"
    needles = (
        "npm err!",
        "npm error",
        "err_pnpm_",
        "yn00",
        "can only install",
        "lockfile",
        "couldn't find ",
        "failed to resolve",
        "no version matching",
        "integrity check failed",
    )
    unknown = (
        bound(_NPM + r"404 {1,4}'(@?[^'@\n]{1,120})(?:@[^'\n]{0,60})?' is not in "),
        bound(_NPM + rf"notarget No matching version found for {_SCOPED}@"),
        bound(rf"\bERR_PNPM_NO_MATCHING_VERSION\b[^\n]{{0,40}} for {_SCOPED}@"),
        bound(rf"^error Couldn't find (?:package|any versions for) {_QUOTED}"),
        bound(rf"^error: No version matching \"[^\"\n]{{1,60}}\" found for specifier {_QUOTED}"),
        bound(rf"^error: {_SCOPED}@\S{{1,60}} failed to resolve$"),
    )
    patterns = (
        *unknown,
        bound(
            _NPM
            + r"Could not resolve dependency:\nnpm (?:ERR!|error) {1,4}"
            + rf"(?:peer|peerOptional|dev|optional)? {{0,2}}{_SCOPED}@"
        ),
        bound(r"\bcan only install (?:packages when your|with an existing) package"),
        bound(
            _NPM
            + r"path \S{0,200}node_modules/((?:@[\w.-]{1,80}/)?[\w.-]{1,80})\n"
            + r"npm (?:ERR!|error) command failed"
        ),
        bound(_NPM + r"(?:code )?(?:ERESOLVE|EINTEGRITY|EBADPLATFORM|EOVERRIDE|ETARGET|E404|ENOLOCK)\b"),
        bound(
            r"\bERR_PNPM_(?:OUTDATED_LOCKFILE|NO_LOCKFILE|FROZEN_LOCKFILE\w{0,40}|LOCKFILE_\w{1,40}|FETCH_404"
            r"|BROKEN_LOCKFILE|PEER_DEP_ISSUES|TARBALL_INTEGRITY|WORKSPACE_PKG_NOT_FOUND|NO_MATCHING_VERSION"
            r"|NO_MATCHING_VERSION_INSIDE_WORKSPACE)\b"
        ),
        bound(r"\bYN00(?:09|16|18|27|28|35|82)\b: (?![^\n]{0,200}\b40[13]\b)"),
        bound(r"^error Your lockfile needs to be updated|^error Integrity check failed for "),
        bound(r"^error: lockfile had changes, but lockfile is frozen"),
    )
    advice = (
        Advice("repo_config", "Bring the manifest and the lock file in line for {part}, and commit both."),
    )


class PythonPackages(Installation):
    """pip, uv, poetry or conda found no version that fits, or could not build a package.

    Why it matters: the agent tries versions and options one by one, and often ends with another set of
    packages than the project asks for.

    When it is wrong: a name may simply be mistyped. Failures of the network, refused downloads and a missing
    compiler or header are told apart.

    What it suggests: to pin versions that can be installed on the machine, or to name the right package.
    """

    id = "DEP-03"
    name = "pip/uv/poetry"
    needles = (
        "no matching distribution",
        "could not find a version",
        "failed building wheel",
        "failed to build",
        "could not build wheels",
        "conflicting dependencies",
        "resolutionimpossible",
        "did not run successfully",
        "metadata-generation-failed",
        "no solution found",
        "failed to download and build",
        "failed to prepare",
        "lockfile at ",
        "version solving failed",
        "solverproblemerror",
        "poetry.lock",
        "pipfile.lock",
        "packagesnotfounderror",
        "unsatisfiableerror",
        "resolvepackagenotfound",
    )
    unknown = (
        bound(rf"\bNo matching distribution found for {_NAME}"),
        bound(rf"\bCould not find a version that satisfies the requirement {_NAME}"),
        bound(rf"\bPackagesNotFoundError: [^\n]{{1,120}}\n{{1,3}}\s{{0,4}}- (?:\S{{1,60}}::)?{_NAME}"),
        bound(_UNSOLVED + rf"\n {{0,6}}\u2570\u2500\u25b6 Because {_NAME} was not found in the "),
    )
    patterns = (
        *unknown,
        bound(rf"\bERROR: Failed building wheel for {_NAME}$"),
        bound(rf"\bERROR: Failed to build '{_NAME}' when "),
        bound(rf"\bERROR: (?:Failed to build|Could not build wheels for) {_NAME}, which is required"),
        bound(rf"\bERROR: Cannot install {_NAME}[^\n]{{0,200}}\bconflicting dependencies\b"),
        bound(r"\bResolutionImpossible\b"),
        bound(rf"\u00d7 (?:Failed to (?:download and )?build|Failed to prepare) `{_NAME}"),
        bound(_UNSOLVED + rf"(?:\n {{0,6}}\u2570\u2500\u25b6 Because (?:only )?{_NAME})?"),
        bound(r"^ {0,6}\u00d7 (?!Encountered)[^\n]{1,100} did not run successfully\.$"),
        bound(r"^error: metadata-generation-failed$"),
        bound(r"^error: The lockfile at `uv\.lock` needs to be updated"),
        bound(r"\bversion solving failed\b|\bSolverProblemError\b"),
        bound(r"\bpoetry\.lock is not up to date\b"),
        bound(r"\bchanged significantly since poetry\.lock was last generated\b"),
        bound(r"\bYour Pipfile\.lock \(\w{1,12}\) is out of date\b"),
        bound(r"^(?:LibMamba)?UnsatisfiableError: |^ResolvePackageNotFound:"),
    )
    advice = (
        Advice(
            "machine_setup",
            "Pin versions that {part} can install on the machine, and install them at set-up.",
        ),
    )


class BuildPackages(Installation):
    """cargo, go, maven, gradle or their like could not resolve what the manifest names, or the lock is stale.

    Why it matters: the build cannot begin, and the usual way out, other versions, changes what is built.

    When it is wrong: a repository of packages may be out of reach for a moment; failures that name the
    network or a refused login are left out.

    What it suggests: to bring manifest and lock file in line and to commit both.
    """

    id = "DEP-04"
    name = "cargo/go/maven/gradle"
    needles = (
        "failed to select a version",
        "no matching package",
        "failed to get ",
        "failed to load ",
        "lock file",
        "go: ",
        "go.sum entry",
        "checksum mismatch",
        "could not resolve",
        "could not find ",
        "could not be resolved",
        "find a valid gem",
        "error nu110",
    )
    unknown = (
        bound(r"^error: no matching package(?: named `([\w-]{1,80})`)? found"),
        bound(rf"\bERROR: {{1,2}}Could not find a valid gem '{_NAME}'"),
        bound(r"\bCould not find (?:a matching version of )?package ([\w.-]{1,80}/[\w.-]{1,80})"),
        bound(
            rf"^go: (?:module )?{_MODULE}(?:@\S{{1,80}})?: (?:invalid version|unknown revision"
            r"|no matching versions|reading \S{1,200}: 4(?:04|10) )"
        ),
    )
    patterns = (
        *unknown,
        bound(r"^error: failed to select a version for (?:the requirement )?`([\w-]{1,80})"),
        bound(r"^error: failed to (?:get|load (?:manifest|source) for dependency) `([\w-]{1,80})`"),
        bound(r"^error: the lock file \S{1,200} needs to be updated\b"),
        bound(r"^error: (?:cannot update the lock file |failed to parse lock file )"),
        bound(rf"^go: {_MODULE}(?:@\S{{1,80}})?: (?:parsing go\.mod|verifying )"),
        bound(rf"\bmissing go\.sum entry for (?:go\.mod file|module providing package {_MODULE})"),
        bound(r"^go: (?:updates to go\.(?:mod|sum) needed|inconsistent vendoring)"),
        bound(r"^verifying (\S{1,160})@\S{1,80}: checksum mismatch"),
        bound(rf"\bCould not find artifact {_ARTIFACT}"),
        bound(r"^\[ERROR\] [^\n]{0,200}\bCould not resolve dependencies for project\b"),
        bound(rf"^ {{0,4}}> Could not find {_ARTIFACT}:[\w.+-]{{1,40}}\.$"),
        bound(rf"^ {{0,4}}> Could not resolve (?:all [\w ]{{1,24}} for configuration|{_ARTIFACT}:)"),
        bound(rf"^Could not find gem '{_NAME}|\bcould not find compatible versions for gem \"{_NAME}\""),
        bound(
            r"^(?:[\w:]{1,40}: )?Could not find (\S{1,80}) in (?:any of the sources|locally installed gems)"
        ),
        bound(rf"\berror NU110[1-8]: (?:Unable to find (?:a stable )?package {_NAME})?"),
        bound(r"^ {0,4}Your requirements could not be resolved to an installable set of packages"),
    )
    advice = (
        Advice("repo_config", "Bring the manifest and the lock file in line for {part}, and commit both."),
    )


class NativeTool(PatternDetector):
    """A compiler, a header or a system library is missing, without which something cannot be built.

    Why it matters: the message stands deep in the output of a package that is being built, and the agent goes
    looking for other versions of the package instead.

    When it is wrong: the header may be the project's own, found only with another option; one that the code
    includes in quotation marks, or that the session shows as a file of the project, is left out.

    What it suggests: to install the header or the tool on the machine image.
    """

    id = "DEP-05"
    name = "native build tool missing"
    label = "Dependencies"
    needles = NATIVE_NEEDLES
    patterns = NATIVE
    summary = 'To build, the machine lacks `{what}`: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Install `{what}` on the machine image; {part} needs it to build."),)

    def signature(self, step: Step, what: str, line: str) -> str:
        """What is missing, whoever asks for it."""
        del step, line
        return what.lower()

    def listens(self, step: Step) -> bool:
        """Only what builds or runs."""
        return step.call.tool_kind == "shell" and step.family not in ("read", "search", "lint", "net")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it is the machine's lack, and no file of the project that was not found."""
        del step
        what = next((group for group in match.groups() if group), "")
        after = match.string[match.end() : match.end() + 300]
        own = {part.rsplit(".", 1)[0] for part in what.split("/")} | {f"lib{what}"}
        return own.isdisjoint(scene.own_names) and f'"{what}"' not in after

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same command works now, or the same kind of building does."""
        hit = finding.steps[0]
        if not worked(later):
            return False
        if later.command == hit.command:
            return True
        if (later.family, later.target) != (hit.family, hit.target):
            return False
        wanted = packages(hit)
        return hit.family != "install" or not wanted or bool(wanted & packages(later))


DETECTORS: tuple[Detector, ...] = (ScriptPackages(), PythonPackages(), BuildPackages(), NativeTool())
