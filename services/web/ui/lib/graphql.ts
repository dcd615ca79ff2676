/** Asks a GraphQL document once. */
import { ask } from "./api";

export async function graphql<T>(query: string, variables: Record<string, unknown>): Promise<T> {
  const answer = await ask<{ data?: T; errors?: { message: string }[] }>("/graphql", { body: { query, variables } });
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? "no data");
  return answer.data;
}
