import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Board from "./board/Board.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Board, { target: document.getElementById("app")! });
