import { sendsOf } from "./writer-process.ts";

test("what a killed producer was not told is of unknown fate", () => {
  const notes = [
    '["sent",0,"3","a",1000]',
    '["sent",1,"4","b",1001]',
    '["sent",2,"5","c",1002]',
    '["ok",1,17,1010]',
    '["info",2,1011]',
    '["ok",0,1',
  ].join("\n");

  expect(sendsOf(notes, 9)).toMatchObject([
    { process: 9, order: 0, key: "3", value: "a", outcome: "info", offset: undefined },
    { process: 9, order: 1, key: "4", value: "b", outcome: "ok", offset: 17 },
    { process: 9, order: 2, key: "5", value: "c", outcome: "info" },
  ]);
});
