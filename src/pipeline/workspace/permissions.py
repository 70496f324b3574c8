"""What whoever asks may do in Unity Catalog: the privileges granted to them and to their groups."""

from dataclasses import dataclass
from urllib.parse import quote

from pipeline.workspace.connection import Refused, Workspace, objects

_ME = "/api/2.0/preview/scim/v2/Me"
_EFFECTIVE = "/api/2.1/unity-catalog/effective-permissions"
_EVERYBODY = "account users"
_ALL = "ALL PRIVILEGES"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user by e-mail, a service principal by application id, as GRANT names them."""

    name: str
    groups: frozenset[str]

    @classmethod
    def of(cls, workspace: Workspace) -> "Principal":
        """Refused where the workspace does not say."""
        answer = workspace.ask(_ME)
        groups = (str(group.get("display")) for group in objects(answer, "groups"))
        if not answer.get("userName"):
            raise Refused("the answer is not of the form that its API promises")
        return cls(str(answer["userName"]), frozenset(groups) | {_EVERYBODY})

    def is_one_of(self, name: object) -> bool:
        """Whether `name` is the principal or a group that they are in."""
        return name == self.name or name in self.groups


class Permissions:
    """The privileges of one principal."""

    def __init__(self, workspace: Workspace, principal: Principal) -> None:
        self._workspace = workspace
        self.principal = principal

    def missing(self, privileges: tuple[str, ...], securable: str, *name: str) -> list[str]:
        """Which of `privileges` they do not have on a securable; Refused where that is not told."""
        granted = self._on(securable, ".".join(name))
        return [] if _ALL in granted else [one for one in privileges if one not in granted]

    def _on(self, securable: str, name: str) -> set[str]:
        path = f"{_EFFECTIVE}/{securable}/{quote(name, safe='')}"
        try:
            assignments = [*self._workspace.listed(path, "privilege_assignments", max_results=0)]
        except Refused as fault:
            if not fault.is_denied:
                raise
            # Who may not see what others are granted may see their own.
            assignments = [
                *self._workspace.listed(
                    path, "privilege_assignments", max_results=0, principal=self.principal.name
                )
            ]
        return {
            str(privilege.get("privilege")).replace("_", " ")
            for assignment in assignments
            if self.principal.is_one_of(assignment.get("principal"))
            for privilege in objects(assignment, "privileges")
        }
