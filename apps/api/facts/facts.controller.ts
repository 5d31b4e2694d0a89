import { Controller, Inject } from '@nestjs/common';
import type { Caller } from '#libs/access/index.js';
import { operations, type FactsBatchResponse, type FactsResponse } from '#libs/contracts/index.js';
import { CurrentCaller, Endpoint, Input, type InputOf } from '../http/endpoint.js';
import { FactsService } from './facts.service.js';

@Controller()
export class FactsController {
  constructor(@Inject(FactsService) private readonly facts: FactsService) {}

  @Endpoint(operations.addFact)
  add(@CurrentCaller() caller: Caller, @Input() input: InputOf<typeof operations.addFact>): Promise<FactsResponse> {
    return this.facts.add(caller, input.body, input.headers['idempotency-key']);
  }

  @Endpoint(operations.addFacts)
  addMany(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.addFacts>,
  ): Promise<FactsBatchResponse> {
    return this.facts.addMany(caller, input.body, input.headers['idempotency-key']);
  }
}
