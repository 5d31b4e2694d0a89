import { Controller, Inject } from '@nestjs/common';
import type { Caller } from '#libs/access/index.js';
import { operations, type QueryDocumentsResponse, type QueryMemoryResponse } from '#libs/contracts/index.js';
import { CurrentCaller, Endpoint, Input, type InputOf } from '../http/endpoint.js';
import { RecallService } from './recall.service.js';

@Controller()
export class RecallController {
  constructor(@Inject(RecallService) private readonly recall: RecallService) {}

  @Endpoint(operations.query)
  query(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.query>,
  ): Promise<QueryMemoryResponse> {
    return this.recall.memory(caller, input.body);
  }

  @Endpoint(operations.queryDocuments)
  queryDocuments(
    @CurrentCaller() caller: Caller,
    @Input() input: InputOf<typeof operations.queryDocuments>,
  ): Promise<QueryDocumentsResponse> {
    return this.recall.documents(caller, input.body);
  }
}
