import { Type } from 'class-transformer';
import {
  IsArray, IsBoolean, IsDate, IsEmail, IsIn, IsNotEmpty, IsOptional, IsString, IsUrl, MaxLength, ValidateNested,
} from 'class-validator';

export class ParticipantDto {
  @IsOptional()
  @IsString()
  name?: string;

  @IsOptional()
  @IsEmail()
  email?: string;
}

export class CreateEngagementDto {
  @IsIn(['CALL', 'MEETING'])
  type: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  title: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  source_system: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  external_id: string;

  @IsUrl({ protocols: ['https'], require_protocol: true })
  media_url: string;

  @IsBoolean()
  run_workflows: boolean;

  @IsOptional()
  @Type(() => Date)
  @IsDate()
  start_at?: Date;

  @IsOptional()
  @IsBoolean()
  is_private?: boolean;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ParticipantDto)
  participants?: ParticipantDto[];

  @IsOptional()
  @IsString()
  @MaxLength(900000)
  transcript_text?: string;
}
