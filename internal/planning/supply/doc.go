// Package supply says what follows from a forecast: what to prepare when, what to order from whom, how stock will run, and
// what was used against what should have been. Plain functions: the same input gives the same answer, nothing is read but
// the arguments.
//
// Days are counted from 0, the first day of a plan. Amounts are whole thousandths of an ingredient's unit, so that what
// comes in, is used, expires and is left adds up exactly.
//
//   - [Uses] turns what items will sell into what they take of ingredients, with a spread for safety stock
//   - [Project] follows lots day by day, first expired first out
//   - [Procure] orders up to a level at every delivery day, from the supplier who does it best
//   - [Produce] starts batches as late as they can be, within the stations' minutes
//   - [Savings] says how to sell or not to make what would expire
package supply
