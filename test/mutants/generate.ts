import { readFileSync } from "node:fs";
import { parse } from "@babel/parser";

/** A change of one place of a source file, by its offsets. */
export interface Generated {
  file: string;
  start: number;
  end: number;
  /** What stands there, and what is put there. */
  from: string;
  to: string;
  line: number;
  operator: string;
}

interface Node {
  type: string;
  start: number;
  end: number;
  loc: { start: { line: number } };
  [key: string]: unknown;
}

const COMPARISONS: Record<string, string> = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
};

/** What stands for no run-time behaviour: types, and what only names another module. */
const isType = (type: string): boolean => type.startsWith("TS") && type !== "TSAsExpression";
const SKIPPED = new Set(["ImportDeclaration", "ExportAllDeclaration"]);

/**
 * Every mutant of a file: conditions made true and false, comparisons and connectives turned over, negations, statements
 * and waits taken out, texts emptied, and functions that are one expression made to give nothing.
 */
export function mutantsOf(file: string): Generated[] {
  const source = readFileSync(file, "utf8");
  const found: Generated[] = [];
  const ast = parse(source, { sourceType: "module", plugins: ["typescript"] });
  const text = (node: Node) => source.slice(node.start, node.end);
  const add = (node: Node, to: string, operator: string) => {
    const from = text(node);
    const same = from === to || to === `${from} as never`;
    if (same || found.some((it) => it.start === node.start && it.end === node.end && it.to === to)) return;
    found.push({ file, start: node.start, end: node.end, from, to, line: node.loc.start.line, operator });
  };

  function visit(node: Node, parent: Node | undefined): void {
    if (isType(node.type) || SKIPPED.has(node.type)) return;
    if (node.type === "ExportNamedDeclaration" && node.source) return;
    const child = (key: string) => node[key] as Node | undefined;
    switch (node.type) {
      case "IfStatement":
      case "ConditionalExpression":
      case "WhileStatement": {
        const condition = child("test") as Node;
        if (node.type !== "WhileStatement") add(condition, "true", "condition");
        add(condition, "false", "condition");
        break;
      }
      case "BinaryExpression": {
        const other = COMPARISONS[String(node.operator)];
        if (other) add(node, binary(node, other, text), "comparison");
        break;
      }
      case "LogicalExpression": {
        const other = { "&&": "||", "||": "&&", "??": "&&" }[String(node.operator)];
        if (other) add(node, binary(node, other, text), "connective");
        break;
      }
      case "UnaryExpression":
        if (node.operator === "!") add(node, `(${text(child("argument") as Node)})`, "negation");
        break;
      case "AwaitExpression":
        // Where a value is waited for, its absence shows at once; a wait for an order of things may not.
        if (parent?.type === "ExpressionStatement")
          add(node, `void ${text(child("argument") as Node)}`, "wait");
        break;
      case "ExpressionStatement":
      case "ThrowStatement":
        add(node, ";", "statement");
        break;
      case "ReturnStatement":
        if (child("argument") === null) add(node, ";", "statement");
        break;
      case "StringLiteral":
        if (parent?.type !== "ObjectProperty" || parent.key !== node)
          if (text(node) !== '""') add(node, '""', "text");
        break;
      case "TemplateLiteral":
        if (text(node) !== "``") add(node, '""', "text");
        break;
      case "ArrowFunctionExpression":
        if (child("body")?.type !== "BlockStatement")
          add(child("body") as Node, "undefined as never", "function");
        break;
      case "BooleanLiteral":
        add(node, String(!(node.value as boolean)), "truth");
        break;
    }
    for (const [key, value] of Object.entries(node)) {
      if (key === "loc" || key.endsWith("Comments") || key === "typeAnnotation" || key === "extra") continue;
      for (const item of Array.isArray(value) ? value : [value]) if (isNode(item)) visit(item, node);
    }
  }
  visit(ast.program as unknown as Node, undefined);
  return found.sort((a, b) => a.start - b.start);
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string" && "start" in value;

function binary(node: Node, operator: string, text: (node: Node) => string): string {
  return `((${text(node.left as Node)}) ${operator} (${text(node.right as Node)}))`;
}

/** The source with the mutant in it. */
export function mutated({ file, start, end, to }: Generated): string {
  const source = readFileSync(file, "utf8");
  return source.slice(0, start) + to + source.slice(end);
}
