"""What the probes answered for one hand-in, with the network in it read once for all the checks that rest on it."""

from dataclasses import dataclass
from functools import cached_property

from course.graph import Graph
from course.output import output_problem
from course.recipe import Recipe
from graders.affordable import expect_affordable


@dataclass(frozen=True)
class Answered:
    """The probes' answers by name, as they came; `graph` and `recipe` raise CourseError for what makes no sense."""

    answers: dict

    @cached_property
    def graph(self) -> Graph:
        """The network, if it is one that is graded."""
        graph = Graph.from_json(self.answers["network"]["graph"])
        expect_affordable(graph)
        return graph

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe."""
        return Recipe.from_json(self.answers["recipe"]["recipe"])

    @cached_property
    def output_problem(self) -> str:
        """Why the network gives no ten scores a digit; empty where it does."""
        return output_problem(self.graph)
