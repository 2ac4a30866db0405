"""Packages, rights and services: when such a trouble is over, and what is advised."""

from building import api_error, call, edit, prompt, say, session, shell
from services_cases import OVERLOADED, again

from debrief.analysis import analyse
from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.detector import scene
from debrief.analysis.episodes import Trouble, troubles
from debrief.analysis.hosts import host, own, remote
from debrief.analysis.steps import build_view
from debrief.model import Event, Session

BY_ID = {detector.id: detector for detector in DETECTORS}
URL = "https://api.example.com/v1/items"
Happening = tuple[Event, ...]


def only(identity: str, *happenings: Happening) -> Trouble:
    seen = scene(build_view(session(prompt("go"), *happenings, say("Hm."))))
    (trouble,) = troubles(BY_ID[identity], BY_ID[identity].find(seen), seen.steps)
    return trouble


def no_such(package: str) -> Happening:
    said = f"ERROR: No matching distribution found for {package}"
    return shell(f"pip install {package}", output=said, exit_code=1)


def advice(given: Session) -> list[tuple[str, str]]:
    return [(item.type, item.action_item) for item in analyse(given).action_items]


def test_another_package_ends_a_failed_installation_only_right_after_it() -> None:
    work = shell("python app.py")
    assert only("DEP-03", no_such("oddd"), shell("pip install odd")).resolved
    assert not only("DEP-03", no_such("oddd"), work, work, shell("pip install requests")).resolved
    assert not only("DEP-03", no_such("oddd"), shell("pip install --upgrade pip")).resolved


def test_the_same_package_ends_it_whenever_it_comes_and_even_behind_a_filter() -> None:
    done = shell("uv pip install oddd==1.0 | tail -1", output="Successfully installed oddd-1.0")
    hidden = shell("pip install oddd==1.0 | tail -1", output="Collecting oddd")
    work = shell("python app.py")
    assert only("DEP-03", no_such("oddd"), work, work, work, done).resolved
    assert not only("DEP-03", no_such("oddd"), work, work, work, hidden).resolved


def test_a_build_that_works_ends_what_kept_it_from_resolving() -> None:
    failed = shell("go build ./...", output="go: updates to go.mod needed", exit_code=1)
    assert only("DEP-04", failed, shell("go mod tidy"), edit("a.go"), shell("go test ./...")).resolved


def test_a_mistyped_name_is_knowledge_and_a_stale_lock_file_the_repositorys() -> None:
    (typed,) = advice(session(prompt("go"), no_such("oddd"), say("Hm.")))
    assert typed == (
        "knowledge",
        "There is no `oddd` of that name or version to install; name the right one.",
    )
    stale = shell(
        "npm ci", output="npm error `npm ci` can only install packages when your package", exit_code=1
    )
    ((kind, said),) = advice(session(prompt("go"), stale, say("Hm.")))
    assert kind == "repo_config"
    assert "`npm ci`" in said


def test_a_manifest_changed_in_between_needs_no_advice() -> None:
    failed = shell("npm install", output="npm error code ERESOLVE", exit_code=1)
    work = shell("node a.js")
    given = session(prompt("go"), failed, edit("package.json"), work, shell("npm install"), say("Done."))
    assert [issue.detector for issue in analyse(given).issues] == ["DEP-02"]
    assert advice(given) == []


def test_a_script_that_cannot_be_run_is_the_repositorys_matter() -> None:
    refused = shell("./run.sh", output="bash: ./run.sh: Permission denied", exit_code=126)
    trouble = only("ACC-04", refused, shell("chmod +x run.sh && ./run.sh"))
    assert trouble.resolved
    assert [one.type for one in trouble.finding.advice] == ["repo_config"]


def test_a_service_is_back_when_the_same_host_answers() -> None:
    down = shell(f"curl -f {URL}", output="curl: (22) The requested URL returned error: 503", exit_code=22)
    assert only("EXT-02", down, shell("curl -f https://api.example.com/v1/other", output="{}")).resolved
    assert not only("EXT-02", down, shell("curl -f https://other.example.org/", output="{}")).resolved
    again_down = "curl: (22) The requested URL returned error: 503"
    assert not only("EXT-02", down, shell(f"curl -sf {URL} 2>&1 | head", output=again_down)).resolved
    assert only("EXT-02", down, shell(f"curl -s {URL} | head", output='{"items": []}')).resolved


def test_an_outage_of_the_models_service_costs_what_went_by_and_not_what_a_person_waited() -> None:
    limited = [api_error(OVERLOADED, at=seconds) for seconds in (10, 20, 40)]
    long = session(prompt("go"), *limited, say("Done.", at=1200))
    left = session(prompt("go"), *limited, prompt("and now?", at=9000), say("Done."))
    assert [(i.detector, i.impact) for i in analyse(long).issues] == [("EXT-01", "High")]
    assert [(i.detector, i.impact) for i in analyse(left).issues] == [("EXT-01", "Low")]


def test_the_outage_that_ended_the_session_is_told_once() -> None:
    given = session(prompt("go"), edit("a.py"), again(5, api_error(OVERLOADED)), end_state="error")
    assert [issue.detector for issue in analyse(given).issues if issue.detector != "VER-01"] == ["APP-05"]


def test_a_host_of_the_machine_is_nobody_elses() -> None:
    assert own("http://localhost:3000")
    assert own("postgres at db.internal")
    assert own("curl http://web:8080/health")
    assert not own("https://example.com/localhosts")
    assert host("see http://127.0.0.1:80 and https://Api.Example.com/x") == "api.example.com"
    assert host("http://10.1.2.3/") == ""


def test_what_talks_to_others_is_known_by_its_work_or_by_the_host_it_names() -> None:
    lines = {
        "git push origin main": True,
        "git status": False,
        "gh pr list": True,
        "npm ci": True,
        f"python fetch.py {URL}": True,
        "python fetch.py": False,
        "curl http://localhost:3000": False,
    }
    view = build_view(session(*(shell(line) for line in lines), call("Read", "read", path="a.py")))
    assert [remote(step) for step in view.steps] == [*lines.values(), False]
