/** Asks a GraphQL document once. */
import { ask, Refused, type Problem } from "./api";

interface Fault { message: string; extensions?: { code?: string; chinese?: string; retry?: boolean } }

/** @throws {Refused} when any part of the answer is missing: half a view would pass for a whole one. */
export async function graphql<T>(query: string, variables: Record<string, unknown>): Promise<T> {
  const answer = await ask<{ data?: T | null; errors?: Fault[] }>("/graphql", { body: { query, variables } });
  const fault = answer.errors?.[0];
  if (fault || !answer.data) throw new Refused(problemOf(fault ?? { message: "no data" }));
  return answer.data;
}

function problemOf({ message, extensions }: Fault): Problem {
  const { code = "no-data", chinese = message, retry = false } = extensions ?? {};
  return { type: `/problems/${code}`, code, status: 200, title: chinese, detail: message, retry };
}
