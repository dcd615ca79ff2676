import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Intake from "./intake/Intake.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Intake, { target: document.getElementById("app")! });
