"""Flow: the most that flows through a network of edges with capacities (Dinic's algorithm). Pure."""

from collections import deque


class Network:
    """Vertices 0, 1, ...; edges are added, then the flow from one vertex to another is made as large as it can be."""

    def __init__(self, vertices: int) -> None:
        """Without edges yet."""
        self._edges: list[list[int]] = [[] for _ in range(vertices)]
        self._to: list[int] = []
        self._room: list[int] = []

    def add(self, start: int, end: int, capacity: int) -> None:
        """An edge; each has a twin in the other direction that takes back what flows through it."""
        for one, other, room in ((start, end, capacity), (end, start, 0)):
            self._edges[one].append(len(self._to))
            self._to.append(other)
            self._room.append(room)

    def saturate(self, source: int, sink: int) -> int:
        """Let flow what can; returns how much."""
        total = 0
        while (levels := self._levels(source, sink)) is not None:
            unused = [list(edges) for edges in self._edges]
            while pushed := self._push(source, sink, levels, unused):
                total += pushed
        return total

    def reaching(self, sink: int) -> frozenset[int]:
        """The vertices from which more could flow to ``sink``, and it itself: one side of a minimum cut."""
        seen, waiting = {sink}, [sink]
        while waiting:
            for edge in self._edges[waiting.pop()]:
                before = self._to[edge]
                if before not in seen and self._room[edge ^ 1]:
                    seen.add(before)
                    waiting.append(before)
        return frozenset(seen)

    def _levels(self, source: int, sink: int) -> list[int] | None:
        """How far each vertex is from the source by edges with room (-1: out of reach), or None if the sink is."""
        levels = [-1] * len(self._edges)
        levels[source] = 0
        waiting = deque([source])
        while waiting:
            vertex = waiting.popleft()
            for edge in self._edges[vertex]:
                if self._room[edge] and levels[self._to[edge]] < 0:
                    levels[self._to[edge]] = levels[vertex] + 1
                    waiting.append(self._to[edge])
        return levels if levels[sink] >= 0 else None

    def _push(self, source: int, sink: int, levels: list[int], unused: list[list[int]]) -> int:
        """Push along one path of rising levels; 0 if there is none left."""
        path: list[int] = []
        vertex = source
        while vertex != sink:
            edges = unused[vertex]
            while edges and not (self._room[edges[-1]] and levels[self._to[edges[-1]]] == levels[vertex] + 1):
                edges.pop()
            if edges:
                path.append(edges[-1])
                vertex = self._to[edges[-1]]
            elif path:
                vertex = self._to[path.pop() ^ 1]
                unused[vertex].pop()
            else:
                return 0
        amount = min(self._room[edge] for edge in path)
        for edge in path:
            self._room[edge] -= amount
            self._room[edge ^ 1] += amount
        return amount
